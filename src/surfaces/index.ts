/** The surfaces the server speaks: one line each. */
import { newstore } from './newstore.ts'
import { realm } from './realm.ts'
import { spree } from './spree.ts'
import { standard } from './standard.ts'
import type { Surface } from './surface.ts'

export const SURFACES: readonly Surface[] = [newstore, spree, standard, realm]

/** Answers for paths that belong to no surface. */
export const FALLBACK_SURFACE: Surface = standard

export type {
  ErrorContext,
  Route,
  Surface,
  SurfaceContext,
  SurfaceRequest,
  SurfaceRoute,
  TokenRoute,
} from './surface.ts'
