/** The library: a token server to put inside a program. */
export { ConfigError, type Problem } from './config/problem.ts'
export type { MintkeeperConfig } from './config/schema.ts'
export { createLog, LOG_LEVELS, type Log, type LogLevel, type RequestEntry } from './log/log.ts'
export { createMetrics, type Metrics, type MetricsOptions } from './log/metrics.ts'
export { createMintkeeper, type Mintkeeper, type MintkeeperOptions } from './server.ts'
