/** What a server answers to `usage`. Of several processes it is the sum. */
export interface Usage {
  /** CPU time since the start, of all threads. */
  readonly cpu: NodeJS.CpuUsage
  /** Memory, in bytes. */
  readonly rss: number
}

export function usage(): Usage {
  return { cpu: process.cpuUsage(), rss: process.memoryUsage.rss() }
}
