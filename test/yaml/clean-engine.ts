type Named = Readonly<Record<string, unknown>>;

/** What of an engine's state a test can leave; each is absent where there is none. */
interface Metadata {
  readonly indices?: Named;
  readonly templates?: Named;
  readonly index_template?: { readonly index_template?: Named };
  readonly component_template?: { readonly component_template?: Named };
  readonly data_stream?: { readonly data_stream?: Named };
  readonly ingest?: { readonly pipeline?: readonly { readonly id: string }[] };
  readonly stored_scripts?: Named;
  readonly repositories?: Named;
}

const parts = [
  ...["indices.*.state", "templates.*.order", "index_template", "component_template", "data_stream"],
  ...["ingest.pipeline.id", "stored_scripts.*.lang", "repositories.*.type"],
].map((part) => `metadata.${part}`);

/** Puts an engine back to what it was when it began: nothing that a test has left can change the next. */
export async function cleanEngine(url: string): Promise<void> {
  const ask = async (method: string, path: string, body?: object): Promise<unknown> => {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(url + path, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
    const text = await answer.text();
    return answer.ok ? JSON.parse(text) : {};
  };
  const remove = (path: string, names: Iterable<string>) =>
    Promise.all([...names].map((name) => ask("DELETE", `${path}/${encodeURIComponent(name)}`)));
  const keys = (named: Named | undefined) => Object.keys(named ?? {});

  const [settings, state] = await Promise.all([
    ask("GET", "/_cluster/settings?flat_settings=true") as Promise<Readonly<Record<string, Named>>>,
    ask("GET", `/_cluster/state/metadata?filter_path=${parts.join()}`) as Promise<{ readonly metadata?: Metadata }>,
  ]);
  const none = (given: Named | undefined) => Object.fromEntries(keys(given).map((name) => [name, null]));
  const { persistent, transient } = settings;
  // A block of the whole cluster would refuse all that follows.
  if (keys({ ...persistent, ...transient }).length > 0) {
    await ask("PUT", "/_cluster/settings", { persistent: none(persistent), transient: none(transient) });
  }
  const found = state.metadata ?? {};
  await remove("/_data_stream", keys(found.data_stream?.data_stream));
  await Promise.all([
    remove("", keys(found.indices)),
    remove("/_template", keys(found.templates)),
    remove("/_index_template", keys(found.index_template?.index_template)),
    remove("/_scripts", keys(found.stored_scripts)),
    remove("/_snapshot", keys(found.repositories)),
    remove(
      "/_ingest/pipeline",
      (found.ingest?.pipeline ?? []).map(({ id }) => id),
    ),
  ]);
  // An index template holds its component templates.
  await remove("/_component_template", keys(found.component_template?.component_template));
}
