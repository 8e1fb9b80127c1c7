import type { Route, Surface } from '../surfaces/index.ts'

/** Where a request goes. `route` is null for an unknown path, and for a method the path does not know. */
export interface Match {
  readonly surface: Surface
  readonly route: Route | null
  /** The path as the surface lists it, with `{tenant}` for a tenant; null for an unknown path. */
  readonly template: string | null
  /** The tenant a path names; null: the host does. */
  readonly tenant: string | null
  /** Methods the path knows; empty for an unknown path. */
  readonly allow: readonly string[]
}

interface Entry {
  readonly path: string
  readonly surface: Surface
  readonly routes: Map<string, Route>
}

export type Router = (method: string, path: string) => Match

const TENANT = '{tenant}'

/** Paths are compared byte for byte: what is spelled otherwise is another path, and unknown. */
export function createRouter(surfaces: readonly Surface[], fallback: Surface): Router {
  const exact = new Map<string, Entry>()
  // Of paths with a tenant, what stands before it, and the whole.
  const bases = new Set<string>()
  const templates = new Map<string, Entry>()
  for (const surface of surfaces) {
    for (const route of surface.routes) {
      for (const path of route.paths) {
        const paths = path.includes(TENANT) ? templates : exact
        if (paths === templates) bases.add(path.slice(0, path.indexOf(TENANT)))
        const entry = paths.get(path) ?? { path, surface, routes: new Map() }
        if (entry.routes.has(route.method)) throw new Error(`two routes for ${route.method} ${path}`)
        entry.routes.set(route.method, route)
        paths.set(path, entry)
      }
    }
  }

  function find(path: string): { entry: Entry; tenant: string | null } | null {
    const entry = exact.get(path)
    if (entry !== undefined) return { entry, tenant: null }
    for (const base of bases) {
      if (!path.startsWith(base)) continue
      const slash = path.indexOf('/', base.length)
      const end = slash === -1 ? path.length : slash
      const named = templates.get(base + TENANT + path.slice(end))
      if (named !== undefined) return { entry: named, tenant: path.slice(base.length, end) }
    }
    return null
  }

  return (method, path) => {
    const found = find(path)
    if (found === null) {
      const surface = surfaces.find((candidate) => path.startsWith(candidate.prefix)) ?? fallback
      return { surface, route: null, template: null, tenant: null, allow: [] }
    }
    const { path: template, surface, routes } = found.entry
    const route = routes.get(method) ?? null
    const allow = route === null ? [...routes.keys()] : []
    return { surface, route, template, tenant: found.tenant, allow }
  }
}
