/** The loopback address of a node that has one of its own. */
export function hostAt(position: number): string {
  return `127.0.0.${position + 1}`;
}
