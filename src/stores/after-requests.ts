/**
 * Calls back when the requests that came together have planned what they need of the database: then it is asked for
 * all of it at once. `setImmediate`, where nobody knows of requests.
 */
export type AfterRequests = (act: () => void) => void
