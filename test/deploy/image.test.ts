import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createTemporaryDirectory, findFreePort, ROOT, type TemporaryDirectory } from '../embed/program.ts'
import { commandOf, textsOf } from './dockerfile.ts'
import { buildImage, IMAGE, runImage, whyNotHere } from './image.ts'

const CONFIGURATION = `
defaultTenant: shop
tenants:
  - id: shop
    issuer: http://localhost:8080/
    surfaces: { standard: {} }
    clients:
      - { id: sync, secret: a-secret-of-the-sync-client-0123456789, grants: [client_credentials], scopes: [orders] }
`

const reason = whyNotHere()

describe.skipIf(reason !== null)(`T200 the image${reason === null ? '' : ` (skipped: ${reason})`}`, () => {
  let directory: TemporaryDirectory
  let image: string
  beforeAll(async () => {
    directory = createTemporaryDirectory()
    image = await buildImage(directory.path)
  })
  afterAll(() => directory.remove())

  async function start() {
    const [port, adminPort] = [await findFreePort(), await findFreePort()]
    const container = await runImage(
      image,
      { MINTKEEPER_PORT: `${port}`, MINTKEEPER_ADMIN_PORT: `${adminPort}` },
      { '/etc/mintkeeper/mintkeeper.yaml': CONFIGURATION },
    )
    onTestFinished(async () => void (await container.stop()))
    const token = async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/oauth/token`, {
        method: 'POST',
        headers: { Authorization: `Basic ${btoa('sync:a-secret-of-the-sync-client-0123456789')}` },
        body: new URLSearchParams({ grant_type: 'client_credentials' }),
      })
      return answer.status
    }
    return { container, token }
  }

  it('runs as a user that is not root, on a root file system that is read-only', async () => {
    const { container, token } = await start()
    expect(await token()).toBe(200)
    expect(await container.healthCheck()).toBe(0)
    expect(await container.stop()).toBe(0)
    expect(container.output()).not.toMatch(/EROFS|EACCES|EPERM/)
    // No health, no zero.
    expect(await container.healthCheck()).toBe(1)
  })

  it.each(['/app', '/tmp', '/dev'])('can not write to %s', async (path) => {
    const env = { MINTKEEPER_DATABASE: `sqlite:${path}/mintkeeper.db` }
    const files = { '/etc/mintkeeper/mintkeeper.yaml': CONFIGURATION, '/tmp/is-there': '' }
    await expect(runImage(image, env, files)).rejects.toThrow(/The image ended with 1/)
  })

  it('keeps what it has in /data, for its user only, and goes on with it', async () => {
    const data = join(image, 'data')
    const before = await start()
    await before.token()
    expect(await before.container.stop()).toBe(0)
    expect(readdirSync(data).sort()).toEqual(expect.arrayContaining(['mintkeeper.db', 'mintkeeper.db.key']))
    const key = statSync(join(data, 'mintkeeper.db.key'))
    expect([key.uid, key.mode & 0o777]).toEqual([1000, 0o600])
    const sealed = readFileSync(join(data, 'mintkeeper.db.key'), 'utf8')
    const after = await start()
    expect(await after.token()).toBe(200)
    expect(readFileSync(join(data, 'mintkeeper.db.key'), 'utf8')).toBe(sealed)
  })

  it('has no package that only development needs', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    const installed = readdirSync(join(image, 'app', 'node_modules'))
    expect(installed).toEqual(expect.arrayContaining(['pg', 'pino', 'zod']))
    for (const name of Object.keys(devDependencies)) expect(installed).not.toContain(name)
  })
})

describe('the Dockerfile', () => {
  it('starts the server without a shell between, so that signals reach it', () => {
    expect(commandOf(IMAGE, 'ENTRYPOINT')).toEqual(['node', '/app/bin/mintkeeper'])
    expect(commandOf(IMAGE, 'CMD')).toEqual(['serve'])
  })

  it('names the user by number, which is not root’s', () => {
    expect(textsOf(IMAGE, 'USER')).toEqual(['1000:1000'])
  })

  it('labels the image with the version of the package', () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
    expect(textsOf(IMAGE, 'ARG')).toContain(`VERSION=${version}`)
  })
})
