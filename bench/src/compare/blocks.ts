/** Two builds, measured in turns. */
export const builds = ["before", "after"] as const;
export type Build = (typeof builds)[number];

/** Two measurements of each build. */
export type Block<T> = Readonly<Record<Build, readonly [T, T]>>;

/** Measures A B B A, then B A A B and so on: whatever drifts slowly meets both builds alike. */
export async function inBlocks<T>(
  count: number,
  measure: (build: Build, block: number) => Promise<T>,
): Promise<readonly Block<T>[]> {
  const blocks: Block<T>[] = [];
  for (let block = 0; block < count; block++) {
    const [first, second] = block % 2 === 0 ? (["before", "after"] as const) : (["after", "before"] as const);
    const outer = await measure(first, block);
    const inner: readonly [T, T] = [await measure(second, block), await measure(second, block)];
    const pair: readonly [T, T] = [outer, await measure(first, block)];
    blocks.push(first === "before" ? { before: pair, after: inner } : { before: inner, after: pair });
  }
  return blocks;
}

/** One figure of each measurement. */
export function figureOf<T>(blocks: readonly Block<T>[], figure: (measured: T) => number): readonly Block<number>[] {
  return blocks.map(({ before, after }) => ({
    before: [figure(before[0]), figure(before[1])],
    after: [figure(after[0]), figure(after[1])],
  }));
}
