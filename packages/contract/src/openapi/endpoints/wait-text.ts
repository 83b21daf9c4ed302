import { z } from "zod";

/** `wait` as it stands in a query: text, whatever it means. */
export const WaitText = z.string().regex(/^(true|false|\d{1,9}(\.\d{1,9})?)$/);
