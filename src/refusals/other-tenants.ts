import type { Examined } from './examined.ts'

/** With more nobody looks: each of them is a read for each refusal. */
const MOST_TENANTS = 20

/** Whether another tenant of the server has something. */
export async function isElsewhere(
  { tenant, tenants }: Examined,
  has: (tenant: string) => Promise<boolean>,
): Promise<boolean> {
  if (tenants.length > MOST_TENANTS) return false
  for (const { id } of tenants) if (id !== tenant.id && (await has(id))) return true
  return false
}
