/** The Helm chart: what it renders is YAML, hardened, and true. */
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { loadConfig } from '../../src/config/load.ts'
import { ROOT } from '../embed/program.ts'
import { renderAll } from './go-template.ts'

const CHART = join(ROOT, 'deploy', 'helm', 'mintkeeper')
const read = (name: string) => readFileSync(join(CHART, name), 'utf8')
const VALUES = parse(read('values.yaml'))
const CHART_YAML = parse(read('Chart.yaml'))
const TEMPLATES = readdirSync(join(CHART, 'templates'))

/** With everything that can be on. */
const EVERYTHING = {
  ...VALUES,
  image: { ...VALUES.image, digest: `sha256:${'0'.repeat(64)}` },
  config: { tenants: [{ id: 'shop', issuer: 'https://tokens.example.com/' }] },
  env: { MINTKEEPER_LOG_LEVEL: 'debug', MINTKEEPER_DATABASE_CONNECTIONS: 20 },
  service: { ...VALUES.service, annotations: { cloud: 'internal' } },
  ingress: { ...VALUES.ingress, enabled: true, hosts: ['tokens.example.com'], tls: [{ secretName: 'tls' }] },
  autoscaling: { ...VALUES.autoscaling, enabled: true },
  serviceMonitor: { ...VALUES.serviceMonitor, enabled: true, labels: { release: 'prometheus' } },
  networkPolicy: {
    enabled: true,
    tokenPlaneFrom: [{ podSelector: {} }],
    controlPlaneFrom: [{ podSelector: {} }],
  },
  podAnnotations: { team: 'shop' },
  nodeSelector: { disk: 'ssd' },
  tolerations: [{ key: 'dedicated', operator: 'Exists' }],
  imagePullSecrets: [{ name: 'registry' }],
}

// biome-ignore lint/suspicious/noExplicitAny: Kubernetes' own shapes
type Manifest = any

function render(values: object): readonly Manifest[] {
  const templates = new Map(TEMPLATES.map((name) => [name, read(`templates/${name}`)]))
  const rendered = renderAll(templates, {
    Values: values,
    Release: { Name: 'tokens', Namespace: 'shop', Service: 'Helm' },
    Chart: { Name: CHART_YAML.name, Version: CHART_YAML.version, AppVersion: CHART_YAML.appVersion },
  })
  expect(rendered.get('NOTES.txt')).toContain('rollout status deployment/tokens')
  return [...rendered]
    .filter(([name]) => name.endsWith('.yaml'))
    .flatMap(([, text]) => parseAllDocuments(text, { version: '1.1' }))
    .map((document) => {
      expect(document.errors).toEqual([])
      return document.toJS()
    })
    .filter((manifest) => manifest !== null)
}

const kindsOf = (manifests: readonly Manifest[]) => manifests.map(({ kind }) => kind).sort()

describe('the Helm chart', () => {
  const manifests = render(VALUES)
  const deployment = manifests.find(({ kind }) => kind === 'Deployment')
  const pod = deployment.spec.template.spec
  const [container] = pod.containers

  it('has by default what production needs, and the rest when it is asked for', () => {
    const always = ['ConfigMap', 'Deployment', 'NetworkPolicy', 'PodDisruptionBudget', 'Service', 'Service']
    expect(kindsOf(manifests)).toEqual(always)
    const optional = ['HorizontalPodAutoscaler', 'Ingress', 'ServiceMonitor']
    expect(kindsOf(render(EVERYTHING))).toEqual([...always, ...optional].sort())
  })

  it('T200 runs without root, privileges and a root file system that can be written', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    })
    expect(pod.automountServiceAccountToken).toBe(false)
  })

  it('restarts what does not live, and sends requests only to what is ready', () => {
    expect(container.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'control-plane' })
    expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'control-plane' })
    expect(container.ports).toEqual([
      { name: 'token-plane', containerPort: 8080 },
      { name: 'control-plane', containerPort: 8081 },
    ])
  })

  it('gives a pod the time to stop, and clients the time to notice', () => {
    const { periodSeconds, failureThreshold } = container.readinessProbe
    expect(VALUES.drainSeconds).toBeGreaterThan(periodSeconds * failureThreshold)
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(VALUES.drainSeconds + 10)
  })

  it('takes secrets from files only', () => {
    const env: readonly { name: string; value: string }[] = container.env
    for (const { name, value } of env) {
      if (name.endsWith('_FILE')) expect(value).toMatch(/^\/etc\/mintkeeper\/secrets\/[a-z-]+$/)
      else expect(name).not.toMatch(/DATABASE$|MASTER_KEY$|ADMIN_TOKEN$/)
    }
  })

  it('keeps the control plane in a service of its own, away from the ingress', () => {
    const services = render(EVERYTHING).filter(({ kind }) => kind === 'Service')
    const portsOf = (name: string) =>
      services
        .find(({ metadata }) => metadata.name === name)
        ?.spec.ports.map(({ targetPort }: Manifest) => targetPort)
    expect(portsOf('tokens')).toEqual(['token-plane'])
    expect(portsOf('tokens-control')).toEqual(['control-plane'])
    const ingress = render(EVERYTHING).find(({ kind }) => kind === 'Ingress')
    expect(JSON.stringify(ingress)).not.toContain('control')
    const policy = manifests.find(({ kind }) => kind === 'NetworkPolicy')
    expect(policy.spec.ingress).toEqual([{ ports: [{ port: 'token-plane' }] }])
  })

  it('makes a configuration file that the server takes', () => {
    const map = render(EVERYTHING).find(({ kind }) => kind === 'ConfigMap')
    const { config } = loadConfig({ text: map.data['mintkeeper.yaml'], env: {} })
    expect(config.tenants.map(({ id }) => id)).toEqual(['shop'])
    const other = render({ ...VALUES, config: EVERYTHING.config }).find(({ kind }) => kind === 'Deployment')
    expect(other.spec.template.metadata.annotations).not.toEqual(
      deployment.spec.template.metadata.annotations,
    )
  })

  it('has a schema that takes its values and no others', () => {
    const validate = new Ajv({ allowUnionTypes: true }).compile(JSON.parse(read('values.schema.json')))
    for (const values of [VALUES, EVERYTHING])
      expect([validate(values), validate.errors]).toEqual([true, null])
    expect(validate({ ...VALUES, drainSecond: 3 })).toBe(false)
    expect(validate({ ...VALUES, replicaCount: '3' })).toBe(false)
  })

  it('is of the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(CHART_YAML.appVersion).toBe(version)
  })

  it('is accepted by helm lint (skipped without helm)', async (context) => {
    const run = promisify(execFile)
    const found = await run('helm', ['version']).catch(() => null)
    if (found === null) context.skip('helm is not installed')
    await run('helm', ['lint', '--strict', CHART])
  })
})
