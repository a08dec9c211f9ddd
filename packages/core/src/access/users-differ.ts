/** Where a credential comes from, as the configuration has it: a credential, a file, or a function that gives one. */
export interface ConfiguredUsers {
  readonly seeds: readonly { readonly auth?: object }[];
  readonly defaultAuth?: object;
}

/**
 * Whether nodes may get requests of different users: then a search that one of them has opened is not the others'.
 *
 * Two passwords of one name are one user. Two functions count as two, whatever they give.
 */
export function usersDiffer({ seeds, defaultAuth }: ConfiguredUsers): boolean {
  const users = new Set(seeds.map(({ auth }) => userOf(auth ?? defaultAuth)));
  if (defaultAuth !== undefined) users.add(userOf(defaultAuth));
  return users.size > 1;
}

function userOf(auth: object | undefined): unknown {
  if (auth === undefined || typeof auth === "function") return auth;
  return "username" in auth ? `name ${auth.username}` : JSON.stringify(auth);
}
