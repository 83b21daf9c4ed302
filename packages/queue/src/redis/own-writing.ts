/**
 * The one place where what Redis gives back is taken at its word: it is our own writing, under our own keys,
 * and checking its shape again on every read would cost more than it could find.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- naming the shape is the point
export function ownWriting<Shape>(value: unknown): Shape {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
  return value as Shape;
}

/** The same for JSON text. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- naming the shape is the point
export function ownJson<Shape>(text: string): Shape {
  return ownWriting<Shape>(JSON.parse(text));
}
