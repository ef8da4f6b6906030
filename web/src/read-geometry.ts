import { ApiError } from './api';
import type { Geometry } from './geometry';

/**
 * Loads a plan's geometry from the server at `base`. Of `geometryUrl` only the path counts: the server
 * may know itself by another name than the reader does (localhost, 127.0.0.1), and a page may be
 * allowed to fetch from one of them only.
 */
export async function readGeometry(
  geometryUrl: string,
  base: string,
  signal: AbortSignal,
): Promise<Geometry> {
  const { pathname, search } = new URL(geometryUrl, base);
  const response = await fetch(new URL(pathname + search, base), { signal });
  if (!response.ok) throw new ApiError('The seating plan cannot be loaded.', 'UNREACHABLE');
  return (await response.json()) as Geometry;
}
