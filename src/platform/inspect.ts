/** How Node prints values in its console and compares them by content. */
export { default as nodeUtil, inspect, isDeepStrictEqual } from "node:util";
