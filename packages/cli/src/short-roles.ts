/** The letters that `_cat/nodes` writes, and what they stand for. */
const letters: Readonly<Record<string, string>> = {
  cluster_manager: "m",
  data: "d",
  data_cold: "c",
  data_content: "s",
  data_frozen: "f",
  data_hot: "h",
  data_warm: "w",
  ingest: "i",
  master: "m",
  ml: "l",
  remote_cluster_client: "r",
  transform: "t",
  voting_only: "v",
};

/** Such as `dim`, in alphabetical order; `-` for a coordinating node; a role without a letter is written out. */
export function shortRoles(roles: readonly string[]): string {
  if (roles.length === 0) return "-";
  const short = [...new Set(roles.map((role) => letters[role]).filter((letter) => letter !== undefined))].sort();
  const long = roles.filter((role) => letters[role] === undefined).sort();
  return [...(short.length === 0 ? [] : [short.join("")]), ...long].join("+");
}

/** What the letters of these roles mean: `d data, m master`. */
export function roleLegend(roles: readonly string[]): string {
  const known = roles.flatMap((role) => (letters[role] === undefined ? [] : [`${letters[role]} ${role}`]));
  return [...new Set(known)].sort().join(", ");
}
