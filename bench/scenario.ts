/** One kind of request, sent again and again. */
export interface Scenario {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** The `Host`, which names the tenant. */
  readonly host: string
  readonly headers: Readonly<Record<string, string>>
  /** The body; `{}`, here or in a header, stands for a value. */
  readonly body: string
  /** What an answer must have in it: a refusal may be a 200, too. */
  readonly expects: string
  readonly values: Values | null
}

/** Where values come from: a request, and the member of its answer. */
export interface Values {
  readonly path: string
  readonly body: string
  readonly member: string
  /**
   * `one` for all requests; `carried` from each answer to a later request, never the same in two that are underway;
   * `supply`: each request has one of its own, all made before.
   */
  readonly use: 'one' | 'carried' | 'supply'
}

/** A POST of a form, unless it is told otherwise. */
export function scenario(name: string, rest: Partial<Scenario>): Scenario {
  const { method = 'POST' } = rest
  return {
    name,
    method,
    path: '/',
    host: 'localhost',
    body: '',
    expects: '',
    values: null,
    ...rest,
    headers: {
      ...(method === 'POST' && { 'Content-Type': 'application/x-www-form-urlencoded' }),
      ...rest.headers,
    },
  }
}

/** Values that a POST to a path gives. */
export function from(path: string, body: string, member: string, use: Values['use']): Values {
  return { path, body, member, use }
}
