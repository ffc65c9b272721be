/** Node's way to print values in a console, and to compare them by content. */
export { default as nodeUtil, inspect, isDeepStrictEqual } from "node:util";
