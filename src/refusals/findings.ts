import type { Finding } from '../store/findings.ts'
import { clientFindings } from './client-findings.ts'
import type { Examined } from './examined.ts'
import { timeFindings } from './limit-findings.ts'
import { scopeFindings } from './scope-findings.ts'
import { tokenFindings } from './token-findings.ts'
import { userFindings } from './user-findings.ts'

/** What is found out about a refusal in the store, the one that explains most first. May throw `StoreUnavailable`. */
export async function endpointFindings(examined: Examined): Promise<readonly Finding[]> {
  return [
    ...(await clientFindings(examined)),
    ...(await userFindings(examined)),
    ...(await tokenFindings(examined)),
    ...scopeFindings(examined),
    ...timeFindings(examined),
  ]
}
