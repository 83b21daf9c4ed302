/** What we use of htm/preact/standalone, which the API serves under this name. */
export type View = object;
export type Child = View | string | number | boolean | null | undefined;

export function html(strings: TemplateStringsArray, ...values: unknown[]): View;
export function render(view: View, place: Element): void;

export type State<Value> = [value: Value, set: (next: Value | ((before: Value) => Value)) => void];

/** The value's type is said where it is declared. */
// oxlint-disable-next-line typescript/no-explicit-any
export function useState(initial: unknown): State<any>;
export function useEffect(effect: () => (() => void) | void, inputs: readonly unknown[]): void;
export function useRef<Value>(initial: Value): { current: Value };
