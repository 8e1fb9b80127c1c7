/** Where the tests have their PostgreSQL from: it is the one of `npm run cluster` too. */
export { type PostgresServer, startPostgres } from '../../scripts/postgres-server.ts'
