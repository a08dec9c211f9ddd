import { messageOf, RollcallError } from "@rollcall/core";
import type { Seed } from "@rollcall/core/config";
import { addressOf } from "@rollcall/core/view";

/** A setting, and what follows the name of its option: "" for the cluster's, else such as " of es1:9200". */
export interface PlacedSetting<Setting> {
  readonly setting: Setting;
  readonly place: string;
}

/** A setting of the cluster, if it is given, and those of single nodes. */
export function placesOf<Setting>(
  ofCluster: Setting | undefined,
  seeds: readonly Seed[],
  ofSeed: (seed: Seed) => Setting | undefined,
): readonly PlacedSetting<Setting>[] {
  const ofSeeds = seeds.flatMap((seed) => {
    const setting = ofSeed(seed);
    return setting === undefined ? [] : [{ setting, place: ` of ${addressOf(seed)}` }];
  });
  return ofCluster === undefined ? ofSeeds : [{ setting: ofCluster, place: "" }, ...ofSeeds];
}

/** Opens each. @throws {RollcallError} `CONFIG` if some cannot be opened, with one problem a line */
export function openEach<Setting>(
  settings: readonly PlacedSetting<Setting>[],
  open: (setting: Setting, place: string) => void,
): void {
  const problems: string[] = [];
  for (const { setting, place } of settings) {
    try {
      open(setting, place);
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length > 0) throw new RollcallError("CONFIG", problems.join("\n"));
}
