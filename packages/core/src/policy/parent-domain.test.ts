import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parentDomain } from "./parent-domain.js";

describe("the parent domain", () => {
  const owned: readonly (readonly [string, string])[] = [
    ["es1.search.example.com", "search.example.com"],
    ["es1.example.com", "example.com"],
    ["es1.example.co.uk", "example.co.uk"],
    ["es_1.corp.lan", "corp.lan"],
    ["es-0.es.default.svc.cluster.local", "es.default.svc.cluster.local"],
    ["es1.xn--bcher-kva.example", "xn--bcher-kva.example"],
  ];
  for (const [host, parent] of owned) {
    it(`of ${host} is ${parent}`, () => assert.equal(parentDomain(host), parent));
  }

  const shared = [
    "es1", // a single label
    "localhost",
    "10.0.0.1",
    "fd00::1",
    "example.com", // com
    "example.co.uk", // co.uk
    "es1.lan", // a top level of one's own: who else is in it is unknown
    "es1.xn--55qx5d.cn", // a public suffix in punycode
    "foo.ck", // *.ck is a public suffix
    "me.github.io",
    "ec2-1-2-3-4.us-west-2.compute.amazonaws.com",
    "search-logs-abc.us-east-1.es.amazonaws.com",
    "vpc-logs-abc.eu-west-1.es.amazonaws.com",
    "abc.us-east-1.aoss.amazonaws.com",
    "search-logs-abc.aos.us-east-1.on.aws",
    "internal-es-1.us-east-1.elb.amazonaws.com",
    "0123abcd.us-east-1.aws.found.io",
    "logs.es.us-central1.gcp.cloud.es.io",
    "logs.es.eastus2.azure.elastic-cloud.com",
    "os-1-project.aivencloud.com",
    "logs-1.eu-west-1.bonsaisearch.net",
    "es-cn-abc.public.elasticsearch.aliyuncs.com",
    "es-abc.public.tencentelasticsearch.com",
    "amaaa.opensearch.us-ashburn-1.oci.oraclecloud.com",
  ];
  for (const host of shared) {
    it(`of ${host} belongs to no one owner`, () => assert.equal(parentDomain(host), undefined));
  }
});
