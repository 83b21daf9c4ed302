/**
 * Redis keeps a small hash (up to 512 fields) or sorted set (up to 128 members) as a list, a "listpack", and reads it from its
 * beginning whenever one of them is asked for. With hundreds of droplets that is most of our lists by droplet: a third of
 * what a task cost Redis. One that has held a name of more than 64 bytes (`hash-max-listpack-value`, `zset-max-listpack-value`)
 * is a real table for as long as it lives, or until Redis loads it anew. So such a name comes and goes now and then.
 */
export const LONG_NAME = "-".repeat(65);

/** A pattern of Lua that the id of one task in sixteen matches. */
export const SELDOM = "^0";
