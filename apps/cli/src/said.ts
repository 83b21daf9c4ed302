type Said<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Without what was not said: it is left to the service, whose defaults may be configured. */
export function said<Fields extends object>(fields: Fields): Said<Fields> {
  const filled: Said<Fields> = {};
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.assign(filled, Object.fromEntries(entries));
}
