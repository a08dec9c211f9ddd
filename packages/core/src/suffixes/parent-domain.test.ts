import assert from "node:assert/strict";
import { it } from "node:test";
import { parentDomain } from "./parent-domain.js";

it("the parent domain of a host is what follows its first label, if that belongs to one owner", () => {
  const parents = {
    "es1.search.example.com": "search.example.com",
    "es1.example.com": "example.com",
    "es1.example.co.uk": "example.co.uk",
    "es_1.corp.lan": "corp.lan",
    "es-0.es.default.svc.cluster.local": "es.default.svc.cluster.local",
    "es1.xn--bcher-kva.example": "xn--bcher-kva.example",
  };
  for (const [host, parent] of Object.entries(parents)) assert.equal(parentDomain(host), parent, host);
});

const shared = {
  "a single label or an address": "es1 localhost 10.0.0.1 fd00::1",
  "a registered domain, or a private top level whose other users are unknown": "example.com example.co.uk es1.lan",
  "a public suffix": "es1.xn--55qx5d.cn foo.ck me.github.io",
  "a domain that a provider shares among its customers": `
    ec2-1-2-3-4.us-west-2.compute.amazonaws.com search-logs-abc.us-east-1.es.amazonaws.com
    vpc-logs-abc.eu-west-1.es.amazonaws.com abc.us-east-1.aoss.amazonaws.com
    search-logs-abc.aos.us-east-1.on.aws internal-es-1.us-east-1.elb.amazonaws.com
    0123abcd.us-east-1.aws.found.io logs.es.us-central1.gcp.cloud.es.io logs.es.eastus2.azure.elastic-cloud.com
    os-1-project.aivencloud.com logs-1.eu-west-1.bonsaisearch.net es-cn-abc.public.elasticsearch.aliyuncs.com
    es-abc.public.tencentelasticsearch.com amaaa.opensearch.us-ashburn-1.oci.oraclecloud.com
  `,
};

for (const [kind, hosts] of Object.entries(shared)) {
  it(`a host has no parent domain of one owner below ${kind}`, () => {
    for (const host of hosts.trim().split(/\s+/)) assert.equal(parentDomain(host), undefined, host);
  });
}
