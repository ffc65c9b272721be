/** Gives Node's functions that write values as a console shows them and compare values by content. */
export { default as nodeUtil, inspect, isDeepStrictEqual } from "node:util";
