import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { validate } from 'dockerfile-utils'
import { Deployment } from 'kubernetes-models/apps/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Service } from 'kubernetes-models/v1'
import { beforeAll, describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { SETTINGS } from '../../action-provider-tools/src/server/settings.ts'
import { projectFiles, TEMPLATES, type TemplateName } from '../src/templates.ts'

/** What a project is deployed with, as far as it can be judged without the systems that it is for. */

let files: Map<string, string>
beforeAll(async () => {
  files = await projectFiles('echo', 'word-count', '0.1.0')
})
const file = (path: string): string => files.get(path) ?? ''

test('the linter has nothing to say about the Dockerfile, whose last stage is not root’s', () => {
  expect(validate(file('Dockerfile'))).toEqual([])
  expect(file('Dockerfile')).toMatch(/^USER 1000:1000$/m)
  // Node itself gets the signals: no shell stands between.
  expect(file('Dockerfile')).toMatch(/^CMD \["node", "src\/main.ts"\]$/m)
})

test('nothing but the program goes into the image: no settings, no tests', () => {
  expect(file('.dockerignore').trim().split('\n')).toEqual([
    '*',
    '!package.json',
    '!package-lock.json',
    '!src',
  ])
})

test.skipIf(!existsSync('/usr/bin/systemd-analyze'))(
  'systemd finds nothing wrong with its unit',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'unit-'))
    const unit = join(folder, 'word-count.service')
    // What it starts must be there: this Node stands for the machine's.
    await writeFile(unit, file('deploy/word-count.service').replaceAll('/usr/bin/node', process.execPath))
    const { stdout, stderr } = await promisify(execFile)('systemd-analyze', ['verify', '--man=no', unit])
    await rm(folder, { recursive: true })
    const ofUnit = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('word-count'))
    expect(ofUnit).toEqual([])
  },
)

describe('the manifests for Kubernetes', () => {
  type Manifest = { kind: string; spec: Record<string, unknown> }
  const manifests = (): Manifest[] =>
    parseAllDocuments(file('deploy/kubernetes.yaml')).map((document) => {
      expect(document.errors).toEqual([])
      return document.toJS() as Manifest
    })
  const of = (kind: string): Manifest => {
    const found = manifests().find((manifest) => manifest.kind === kind)
    if (found === undefined) throw new Error(`There is no ${kind}`)
    return found
  }
  type Pod = {
    containers: Record<string, unknown>[]
    terminationGracePeriodSeconds: number
    securityContext: object
  }
  const pod = () => of('Deployment').spec as { template: { metadata: object; spec: Pod } }

  test('fit the schemas of Kubernetes', () => {
    expect(manifests().map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget'])
    new Deployment(of('Deployment') as never).validate()
    new Service(of('Service') as never).validate()
    new PodDisruptionBudget(of('PodDisruptionBudget') as never).validate()
  })

  test('the schemas refuse what does not fit', () => {
    const wrong = { ...of('Deployment'), spec: { replicas: 'two' } }
    expect(() => new Deployment(wrong as never).validate()).toThrow()
  })

  test('start two instances, and replace one by one', () => {
    expect(of('Deployment').spec).toMatchObject({
      replicas: 2,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    })
    expect(of('PodDisruptionBudget').spec).toMatchObject({ minAvailable: 1 })
  })

  test('ask each instance how it is, and give it the time it needs to stop', () => {
    const { spec } = pod().template
    expect(spec.terminationGracePeriodSeconds).toBeGreaterThan(5 + 10)
    expect(spec.containers[0]).toMatchObject({
      startupProbe: { httpGet: { path: '/healthz', port: 'http' } },
      readinessProbe: { httpGet: { path: '/readyz', port: 'http' } },
      livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
      lifecycle: { preStop: { exec: { command: ['sleep', '5'] } } },
      ports: [{ name: 'http', containerPort: 5000 }],
    })
  })

  test('let it do no more than it must', () => {
    expect(pod().template.spec.securityContext).toMatchObject({ runAsNonRoot: true })
    expect(pod().template.spec.containers[0]).toMatchObject({
      securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
    })
  })

  test('name the pods as all of them select them', () => {
    const labels = { 'app.kubernetes.io/name': 'word-count' }
    expect(pod().template.metadata).toEqual({ labels })
    expect(of('Deployment').spec).toMatchObject({ selector: { matchLabels: labels } })
    expect(of('Service').spec).toMatchObject({ selector: labels, ports: [{ targetPort: 'http' }] })
    expect(of('PodDisruptionBudget').spec).toMatchObject({ selector: { matchLabels: labels } })
  })
})

test.each(Object.keys(TEMPLATES) as TemplateName[])(
  'every setting in .env.example of the template %s is read by something',
  async (template) => {
    const project = await projectFiles(template, 'word-count', '0.1.0')
    const names = [...(project.get('.env.example') ?? '').matchAll(/^(\w+)=/gm)].map(([, name = '']) => name)
    expect(names.length).toBeGreaterThan(5)
    const own = [...project].filter(([path]) => /^src|^compose/.test(path)).map(([, text]) => text)
    const unread = names.filter((name) => !(name in SETTINGS) && !own.some((text) => text.includes(name)))
    expect(unread).toEqual([])
  },
)

test('the compose file waits for its database, and keeps it', () => {
  const { services, volumes } = parse(file('compose.yaml'))
  expect(services.provider).toMatchObject({
    depends_on: { postgres: { condition: 'service_healthy' } },
    ports: ['127.0.0.1:5000:5000'],
  })
  expect(services.postgres.healthcheck.test).toEqual(['CMD', 'pg_isready', '--username', 'provider'])
  for (const volume of services.postgres.volumes) expect(volumes).toHaveProperty(volume.split(':')[0])
})
