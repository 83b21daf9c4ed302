import { compilePolicy, type AddressPolicy, type Outcome } from "@orchestrator/core";
import { exchangeWithDroplet, type Exchange, type ExchangeRequest } from "../exchange.ts";
import { createDropletAgent } from "../guarded-connector.ts";
import { outcomeOfExchange } from "../outcome-of-exchange.ts";
import { AttemptStop } from "../running-attempts.ts";

/** Stands in every message about a limit. */
export const LIMIT_MS = 4321;

/** The policy of a configuration that would be accepted. */
export function policyOf(lists: { deniedNetworks?: string[]; allowedHosts?: string[] } = {}) {
  const compiled = compilePolicy({ deniedNetworks: [], allowedHosts: [], ...lists });
  if (compiled.kind === "invalid") throw new Error(compiled.mistakes.join(", "));
  return compiled.policy;
}

export interface Caller extends AsyncDisposable {
  /** One request to `base`/x, and what is made of it. */
  call: (
    base: string,
    differing?: Partial<ExchangeRequest>,
  ) => Promise<{ exchange: Exchange; outcome: Outcome }>;
}

/** Calls droplets as a worker does: through the same agent, kept alive until the end of the test. */
export function dropletCaller(policy: AddressPolicy = policyOf()): Caller {
  const agent = createDropletAgent(policy);
  return {
    call: async (base, differing = {}) => {
      const exchange = await exchangeWithDroplet(agent, {
        url: new URL("/x", base),
        method: "GET",
        headers: {},
        body: null,
        responseBytesMax: 100_000,
        stopping: new AttemptStop(),
        ...differing,
      });
      return { exchange, outcome: outcomeOfExchange(exchange, LIMIT_MS, Date.now()) };
    },
    [Symbol.asyncDispose]: async () => await agent.destroy(),
  };
}
