/** One thing that was looked at. `warn`: it works, but should not stay so. `fail`: it does not work. */
export interface Check {
  readonly name: string
  readonly state: 'ok' | 'warn' | 'fail'
  /** What was found and, unless it is fine, what to do. */
  readonly detail: string
}

export function ok(name: string, detail: string): Check {
  return { name, state: 'ok', detail }
}

export function warn(name: string, detail: string): Check {
  return { name, state: 'warn', detail }
}

export function fail(name: string, detail: string): Check {
  return { name, state: 'fail', detail }
}
