/** A server that does not answer as it should. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { createAsk } from '../../src/cli/surface-check/ask.ts'
import { isInTheClear, serverUrl } from '../../src/cli/surface-check/server-url.ts'
import { freePort } from '../cli/workplace.ts'
import { newDirectory } from '../directory.ts'
import { listen } from '../listen.ts'
import { startOldServer } from './old-server.ts'

const REQUEST = { method: 'POST', path: '/v0/token', headers: {}, body: 'a=b' } as const

function ask(url: string, host: string | null = null, timeoutMs = 20_000) {
  return createAsk({ base: new URL(url), host, timeoutMs, clock: () => 1_800_000_000_999 })(REQUEST)
}

describe('a server is asked', () => {
  test('below its path, by another host, and once', async () => {
    const old = await startOldServer(() => ({
      status: 302,
      headers: { Location: '/elsewhere', 'X-Two': 'a' },
      body: 'moved',
    }))
    try {
      const answer = await ask(`${old.origin}/shop/`, 'shop.example')
      expect(answer).toMatchObject({ status: 302, body: 'moved', receivedAt: 1_800_000_000 })
      expect(answer.headers.get('location')).toBe('/elsewhere')
      expect(old.asked).toMatchObject([
        { path: '/shop/v0/token', body: 'a=b', headers: { host: 'shop.example' } },
      ])
    } finally {
      await old.close()
    }
  })

  // A path that begins with // would be taken for a host, which the password would go to.
  test.each(['', '/', '//', '//shop//'])('and nobody else, below %j', async (path) => {
    const old = await startOldServer(() => ({ status: 200, headers: {}, body: '' }))
    try {
      await ask(old.origin + path)
      expect(old.asked.map((asked) => asked.path)).toEqual([`${path.replace(/\/+$/, '')}/v0/token`])
    } finally {
      await old.close()
    }
  })

  test.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['identity', (text: string) => text],
  ])('and read where the body is %s', async (encoding, encode) => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Encoding': encoding }).end(encode('{"access_token":"a"}'))
    })
    const { origin, close } = await listen(server)
    try {
      expect((await ask(origin)).body).toBe('{"access_token":"a"}')
    } finally {
      await close()
    }
  })

  test('in vain where the body is not what it says', async () => {
    const old = await startOldServer(() => ({
      status: 200,
      headers: { 'Content-Encoding': 'gzip' },
      body: '{}',
    }))
    try {
      await expect(ask(old.origin)).rejects.toThrow('its body can not be read (Z_DATA_ERROR)')
    } finally {
      await old.close()
    }
  })

  test('in vain where nothing listens', async () => {
    await expect(ask(`http://127.0.0.1:${await freePort()}`)).rejects.toThrow(
      'nothing listens there. See that the server runs',
    )
  })

  test.each([
    ['says nothing', () => {}, 'no whole answer within 0.3 seconds'],
    [
      'begins and does not end',
      (said: (text: string) => void) => said('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{'),
      'no whole answer within 0.3 seconds',
    ],
    [
      'speaks no HTTP',
      (said: (text: string) => void) => said('220 mail.example ESMTP\r\n'),
      'it speaks no HTTP',
    ],
    [
      'has a head that can not be read',
      (said: (text: string) => void) => said('HTTP/1.1 200 OK\r\nno header\r\n\r\n'),
      'what it answers is no HTTP (HPE_INVALID_HEADER_TOKEN)',
    ],
  ])('in vain if it %s', async (_name, answer, reason) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => {})
      answer((text) => void socket.write(text))
    })
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    try {
      const timeoutMs = reason.includes('0.3 seconds') ? 300 : undefined
      await expect(ask(`http://127.0.0.1:${port}`, null, timeoutMs)).rejects.toThrow(reason)
    } finally {
      server.close()
    }
  })

  test('in vain if it answers too much', async () => {
    const server = createServer((_, response) => response.end('x'.repeat(2 * 1024 * 1024)))
    const { origin, close } = await listen(server)
    try {
      await expect(ask(origin)).rejects.toThrow('its answer has more than 1 MiB')
    } finally {
      await close()
    }
  })

  test('in vain if it has been asked too much', async () => {
    const old = await startOldServer(() => ({ status: 429, headers: {}, body: '{}' }))
    try {
      await expect(ask(old.origin)).rejects.toThrow(`${old.origin}/ wants fewer requests (429)`)
    } finally {
      await old.close()
    }
  })

  test('in vain by TLS where there is none', async () => {
    const old = await startOldServer(() => ({ status: 200, headers: {}, body: '' }))
    try {
      await expect(ask(old.origin.replace('http', 'https'))).rejects.toThrow(
        'Should the URL begin with http://?',
      )
    } finally {
      await old.close()
    }
  })
})

describe('a server with a certificate of its own making', () => {
  test('is not believed', async () => {
    const directory = newDirectory()
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=localhost', '-days', '1']
    execFileSync('openssl', [...made, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    const server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) })
    const { origin, close } = await listen(server)
    try {
      await expect(ask(origin.replace('http:', 'https:'))).rejects.toThrow(
        'its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT). Name the certificate of its authority in NODE_EXTRA_CA_CERTS',
      )
    } finally {
      await close()
    }
  })
})

describe('the URL of a server', () => {
  test.each([
    ['shop.example', 'Give a URL'],
    ['ftp://shop.example', 'Give a URL'],
    ['https://joe:secret@shop.example', 'no user name and password'],
    ['https://shop.example/?a', 'without query'],
    ['https://shop.example/spree_oauth/token', 'without the path of the surface'],
    ['https://dodici.p.newstore.net/v0', 'without the path of the surface'],
  ])('is not %s', (text, message) => {
    expect(() => serverUrl(text)).toThrow(message)
  })

  test('may have a path, and is in the clear without TLS, but for this machine', () => {
    expect(serverUrl('https://shop.example/shop').pathname).toBe('/shop')
    expect(isInTheClear(new URL('http://shop.example'))).toBe(true)
    for (const url of [
      'https://shop.example',
      'http://localhost:3000',
      'http://127.0.0.1',
      'http://[::1]:80',
    ]) {
      expect(isInTheClear(new URL(url))).toBe(false)
    }
  })
})
