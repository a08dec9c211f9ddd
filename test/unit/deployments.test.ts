import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseCoordinatorConfig } from "@rollcall/core/config";
import { parse, parseAllDocuments } from "yaml";
import { createCoordinatorCommand } from "#cli/coordinator-command";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const read = (path: string) => readFileSync(`${root}${path}`, "utf8");
const dockerfile = read("docker/Dockerfile");
const manifest = read("kubernetes/coordinator.yaml");
const { version } = JSON.parse(read("package.json")) as { version: string };
const environment = { untilStopped: () => AbortSignal.abort(), onHangUp: () => {} };
const variables = createCoordinatorCommand(environment, () => {}).options.map(({ envVar = "" }) => envVar);

/** As far as these tests read them. */
interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: object };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec: {
    readonly replicas: number;
    readonly minAvailable: number;
    readonly selector: { readonly matchLabels?: object };
    readonly podSelector: { readonly matchLabels: object };
    readonly ports: readonly { readonly targetPort: string; readonly port: number }[];
    readonly ingress: readonly { readonly ports: readonly { readonly port: string }[] }[];
    readonly template: { readonly metadata: { readonly labels: object }; readonly spec: Pod };
  };
}

interface Pod {
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number };
  readonly containers: readonly [Container];
  readonly volumes: readonly {
    readonly name: string;
    readonly configMap?: { readonly name: string };
    readonly secret?: { readonly secretName: string };
  }[];
}

interface Container {
  readonly image: string;
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: { readonly readOnlyRootFilesystem: boolean; readonly allowPrivilegeEscalation: boolean };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly: boolean }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

const resources = parseAllDocuments(manifest).map((document) => {
  assert.deepEqual([document.errors, document.warnings], [[], []]);
  return document.toJS() as Resource;
});
const resource = (kind: string) => resources.find((one) => one.kind === kind) ?? assert.fail(`no ${kind}`);

/** A configuration with text in place of the files that it names, of which it gives the names. */
function withoutFiles(configuration: object): { readonly options: object; readonly files: readonly string[] } {
  const files: string[] = [];
  const replaced = JSON.stringify(configuration).replace(/"(ca|\w+)File":"([^"]+)"/g, (_, option, file) => {
    files.push(file);
    return `"${option}":"${option === "ca" ? "-----BEGIN CERTIFICATE-----" : "text"}"`;
  });
  return { options: JSON.parse(replaced) as object, files };
}

const portOf = (address: string | undefined) => Number(/:(\d+)$/.exec(address ?? "")?.[1]);

describe("the image", () => {
  it("runs as a user that is not root, and starts the command itself, which gets the signals", () => {
    assert.match(dockerfile, /^USER [1-9]\d*:[1-9]\d*$/m);
    assert.match(
      dockerfile,
      /^ENTRYPOINT \["node", "\/app\/node_modules\/@rollcall\/cli\/dist\/main\.js"\]\nCMD \["coordinator"\]$/m,
    );
  });

  it("sets options that exist, and its health check asks the port that it serves", () => {
    const [, name = "", address] = /^ENV [\s\S]*?(ROLLCALL_\w+)=(\S+)$/m.exec(dockerfile) ?? [];
    assert.ok(variables.includes(name), name);
    const port = portOf(address);
    assert.match(dockerfile, new RegExp(`^EXPOSE ${port}$`, "m"));
    assert.match(
      dockerfile,
      new RegExp(`^HEALTHCHECK [^\\n]*\\\\\\n  CMD .*http://127\\.0\\.0\\.1:${port}/livez'`, "m"),
    );
  });
});

describe("the compose file", () => {
  const compose = parse(read("docker/compose.yaml")) as {
    readonly services: Readonly<Record<string, { readonly environment?: object; readonly read_only: boolean }>>;
    readonly secrets: Readonly<Record<string, unknown>>;
  };

  it("sets options that exist, and its services write to no disk", () => {
    const names = Object.values(compose.services).flatMap(({ environment = {} }) => Object.keys(environment));
    assert.deepEqual([names.filter((name) => !variables.includes(name)), names.length], [[], 2]);
    for (const [name, service] of Object.entries(compose.services)) assert.equal(service.read_only, true, name);
  });

  it("has a configuration whose options exist, with secrets that it mounts", () => {
    const { logLevel, ...configuration } = JSON.parse(read("docker/coordinator.json")) as { logLevel: string };
    const { options, files } = withoutFiles(configuration);
    parseCoordinatorConfig({ nodes: ["http://es1:9200"], ...options } as never);
    assert.deepEqual([logLevel, files], ["info", Object.keys(compose.secrets).map((name) => `/run/secrets/${name}`)]);
  });
});

describe("the Kubernetes example", () => {
  const { spec } = resource("Deployment");
  const pod = spec.template.spec;
  const [container] = pod.containers;

  it("has the version of this release, and options and files that exist", () => {
    assert.equal(container.image, `rollcall:${version}`);
    const names = container.env.map(({ name }) => name);
    assert.deepEqual(
      names.filter((name) => !variables.includes(name)),
      [],
    );
    const [[file = "", text = ""] = []] = Object.entries(resource("ConfigMap").data ?? {});
    const { options, files } = withoutFiles(JSON.parse(text) as object);
    parseCoordinatorConfig(options as never);
    const keys = [...manifest.matchAll(/--from-file=(\S+)/g)].map(([, key]) => `/secrets/${key}`);
    const used = [...files, ...container.env.map(({ value }) => value)].filter((one) => one.startsWith("/"));
    assert.deepEqual(used.sort(), [...keys, `/etc/rollcall/${file}`].sort());
  });

  it("mounts each volume that it declares, read-only, from what it names", () => {
    assert.deepEqual(
      container.volumeMounts.map(({ name }) => name),
      pod.volumes.map(({ name }) => name),
    );
    assert.ok(container.volumeMounts.every(({ readOnly }) => readOnly));
    const [configuration, secrets] = pod.volumes;
    assert.equal(configuration?.configMap?.name, resource("ConfigMap").metadata.name);
    assert.match(manifest, new RegExp(`create secret generic ${secrets?.secret?.secretName} `));
  });

  it("probes and serves the one port that the container has", () => {
    const [{ name, containerPort } = assert.fail()] = container.ports;
    assert.equal(portOf(container.env.find((one) => one.name === "ROLLCALL_HTTP")?.value), containerPort);
    for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
      assert.equal(httpGet.port, name);
    }
    assert.deepEqual(
      [container.livenessProbe.httpGet.path, container.readinessProbe.httpGet.path],
      ["/livez", "/readyz"],
    );
    assert.deepEqual(resource("Service").spec.ports, [{ name, port: containerPort, targetPort: name }]);
    assert.deepEqual(resource("NetworkPolicy").spec.ingress, [{ ports: [{ port: name }] }]);
  });

  it("selects its own pods everywhere, and keeps one of two", () => {
    const { labels } = spec.template.metadata;
    const selectors = [
      spec.selector.matchLabels,
      resource("PodDisruptionBudget").spec.selector.matchLabels,
      resource("NetworkPolicy").spec.podSelector.matchLabels,
      resource("Service").spec.selector,
      ...resources.map(({ metadata }) => metadata.labels),
    ];
    for (const selector of selectors) assert.deepEqual(selector, labels);
    assert.deepEqual([spec.replicas, resource("PodDisruptionBudget").spec.minAvailable], [2, 1]);
  });

  it("runs without root, without a token of the API, and without a disk to write to", () => {
    const { runAsNonRoot, runAsUser } = pod.securityContext;
    assert.deepEqual([runAsNonRoot, pod.automountServiceAccountToken], [true, false]);
    assert.match(dockerfile, new RegExp(`^USER ${runAsUser}:`, "m"));
    const { readOnlyRootFilesystem, allowPrivilegeEscalation } = container.securityContext;
    assert.deepEqual([readOnlyRootFilesystem, allowPrivilegeEscalation], [true, false]);
  });
});
