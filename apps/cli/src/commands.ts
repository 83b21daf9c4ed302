import type { Command } from "./command.ts";
import { audit } from "./commands/audit.ts";
import { batch } from "./commands/batch.ts";
import { completionCommand } from "./commands/completion.ts";
import { doctor } from "./commands/doctor.ts";
import { circuit, droplets, limits, pause, resume } from "./commands/droplets.ts";
import { replay } from "./commands/replay.ts";
import { submit } from "./commands/submit.ts";
import { cancel, get, list, watch } from "./commands/tasks.ts";
import { top } from "./commands/top.ts";

/** Every command: parsing, help, completion and `docs/cli.md` are made from this table. */
export const COMMANDS: readonly Command[] = [
  submit,
  batch,
  get,
  list,
  watch,
  cancel,
  replay,
  droplets,
  pause,
  resume,
  limits,
  circuit,
  top,
  audit,
  doctor,
  completionCommand(() => COMMANDS),
];
