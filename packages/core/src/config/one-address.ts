import { addressOf } from "../view/node-record.js";
import type { DiscoveryOff, Seed } from "./config.js";

interface Offer {
  readonly name: string;
  /** Every name below one of them is a cluster of the offer. */
  readonly suffixes: readonly string[];
}

/**
 * Offers that answer at one name for a whole cluster, and publish no address that can be reached. Only those of which that
 * is documented; others are found by what they answer.
 *
 * Elastic: elastic.co/blog/elasticsearch-sniffing-best-practices-what-when-why-how; of Serverless, which has no `_nodes`,
 * elastic.co/docs/current/serverless/elasticsearch/differences. Amazon: its lists have no `http`
 * (elastic/elasticsearch-js#1176). Its Serverless answers 404 to `GET /` (opensearch-project/OpenSearch-Dashboards#5707)
 * and is at `aoss.REGION.on.aws` too.
 */
const offers: readonly Offer[] = [
  { name: "Elastic Cloud", suffixes: ["cloud.es.io", "found.io", "elastic-cloud.com", "elastic.cloud"] },
  { name: "Amazon OpenSearch Serverless", suffixes: ["aoss.amazonaws.com", "on.aws"] },
  { name: "Amazon OpenSearch Service", suffixes: ["es.amazonaws.com"] },
];

/** Why only the configured nodes can be of use, where each of them says so by its URL; undefined otherwise. */
export function discoveryOffFor(seeds: readonly Seed[]): DiscoveryOff | undefined {
  const reasons = seeds.map(reasonOf);
  return reasons.every((reason) => reason !== undefined) ? reasons[0] : undefined;
}

function reasonOf({ scheme, host, port, pathPrefix }: Seed): DiscoveryOff | undefined {
  const name = host.replace(/\.$/, "");
  const offer = offers.find(({ suffixes }) => suffixes.some((suffix) => name.endsWith(`.${suffix}`)));
  if (offer !== undefined) return { kind: "managed", why: `${name} is a cluster of ${offer.name}, at one address` };
  if (pathPrefix === "") return undefined;
  return { kind: "path", why: `${scheme}://${addressOf({ host, port })}${pathPrefix} has a path, as a gateway has` };
}
