import { watchForLeftovers } from "./left-behind.ts";

watchForLeftovers();
