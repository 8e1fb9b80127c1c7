/**
 * Mintkeeper inside a Hono program. `mintkeeper.fetch` takes a `Request` and answers a `Response`, so it fits into
 * everything that does.
 *
 * In a checkout: npm ci && npm run build && npx node examples/hono.ts
 */
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { createMintkeeper } from 'mintkeeper'

const port = Number(process.env.PORT ?? 3000)

const mintkeeper = await createMintkeeper({
  database: 'memory:',
  defaultTenant: 'shop',
  tenants: [
    {
      id: 'shop',
      issuer: `http://localhost:${port}/`,
      signingAlgorithm: 'ES256',
      clients: [
        {
          id: 'warehouse-sync',
          secret: 'example-only-secret-of-the-warehouse-sync',
          grants: ['client_credentials'],
          scopes: ['orders:read'],
        },
      ],
    },
  ],
})

const app = new Hono()
app.get('/', (context) => context.text('A shop.\n'))
app.all('*', (context) => mintkeeper.fetch(context.req.raw))

const server = serve({ fetch: app.fetch, port, hostname: '127.0.0.1' }, () => {
  console.log(`The shop is at http://localhost:${port}/`)
})

process.once('SIGTERM', () => {
  server.close(() => {
    void mintkeeper.close()
  })
})
