/**
 * Mintkeeper inside an Express program, beside routes of its own.
 *
 * In a checkout: npm ci && npm run build && npx node examples/express.ts
 */
import express from 'express'
import { createLog, createMintkeeper } from 'mintkeeper'

const port = Number(process.env.PORT ?? 3000)

const mintkeeper = await createMintkeeper(
  {
    database: 'sqlite:data/express-example.db',
    defaultTenant: 'shop',
    tenants: [
      {
        id: 'shop',
        issuer: `http://localhost:${port}/`,
        surfaces: { spree: {}, standard: {} },
        users: [{ username: 'spree@example.com', password: 'spree123', roles: ['admin'] }],
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
  },
  { log: createLog('info') },
)

const app = express()
// First: body parsers that come later do not touch its requests. Paths it does not know go on to the next handler.
app.use(mintkeeper.node)
app.use(express.json())
app.get('/', (_, response) => {
  response.send('A shop.\n')
})

const server = app.listen(port, '127.0.0.1', () => {
  console.log(`The shop is at http://localhost:${port}/`)
})

process.once('SIGTERM', () => {
  server.close(() => {
    void mintkeeper.close()
  })
})
