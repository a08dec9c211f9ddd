import type { ClusterConfig, NodeMatchConfig, SelectionConfig } from "./config.js";
import { bounds } from "./defaults.js";
import { type Place, type Problems, placeIn } from "./problems.js";
import { isObject, readFields, readList, readText } from "./read-options.js";

const bound = bounds.selection;

/** Undefined: not given. */
export function readSelection(
  place: Place,
  { discovery, discoveryOff }: Pick<ClusterConfig, "discovery" | "discoveryOff">,
  problems: Problems,
): SelectionConfig | undefined {
  if (place.value === undefined) return undefined;
  const fields = readFields(place, ["only", "except", "prefer"], problems);
  if (fields === undefined) return undefined;
  if (discovery === false) {
    const why = discoveryOff?.why ?? "`discovery` is false";
    problems.remark(place.path, `needs the cluster's list of nodes, which is not read: ${why}`);
  }
  return {
    only: readMatches(fields.only, problems),
    except: readMatches(fields.except, problems),
    prefer: readMatches(fields.prefer, problems),
  };
}

function readMatches(place: Place, problems: Problems): readonly NodeMatchConfig[] {
  if (place.value === undefined) return [];
  return listOf(place, bound.matches.max, "matches", problems).map((match) => readMatch(match, problems));
}

function readMatch(place: Place, problems: Problems): NodeMatchConfig {
  const fields = readFields(place, ["roles", "attributes"], problems);
  if (fields === undefined) return {};
  const { roles, attributes } = fields;
  if (roles.value === undefined && attributes.value === undefined) {
    problems.remark(place.path, "must have `roles`, `attributes` or both");
  }
  return {
    ...(roles.value === undefined ? {} : { roles: readWords(roles, bound.roles.max, "roles", problems) }),
    ...(attributes.value === undefined ? {} : { attributes: readAttributes(attributes, problems) }),
  };
}

function readAttributes(place: Place, problems: Problems): NonNullable<NodeMatchConfig["attributes"]> {
  const { value } = place;
  const { min, max } = bound.attributes;
  const entries = isObject(value) ? Object.entries(value) : [];
  if (entries.length < min || entries.length > max) {
    problems.add(place, `must be an object of ${min} to ${max} attributes and their values`);
    return [];
  }
  return entries.map(([name, values]) => [
    name,
    readWords(placeIn(place, name, values), bound.values.max, "values", problems),
  ]);
}

function readWords(place: Place, max: number, of: string, problems: Problems): readonly string[] {
  const words = listOf(place, max, of, problems).map((word) =>
    readText(word, isWord, "must be text, as the cluster's list of nodes has it", problems),
  );
  return words.filter((word) => word !== undefined);
}

function isWord(text: string): boolean {
  const { min, max } = bound.wordCharacters;
  return text.length >= min && text.length <= max;
}

/** One entry needs no list around it. */
function listOf(place: Place, max: number, of: string, problems: Problems): readonly Place[] {
  return Array.isArray(place.value) ? (readList(place, max, of, problems) ?? []) : [place];
}
