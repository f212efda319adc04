/** The operations of the OpenAPI document one by one, in its order. */
import type { OpenApi, Operation } from '../openapi-types.js';

export interface DocumentedOperation {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly operation: Operation;
}

export function operationsIn(paths: OpenApi['paths']): readonly DocumentedOperation[] {
  return Object.entries(paths).flatMap(([path, { get, post }]) => {
    const operations: DocumentedOperation[] = [];
    if (get) operations.push({ method: 'GET', path, operation: get });
    if (post) operations.push({ method: 'POST', path, operation: post });
    return operations;
  });
}
