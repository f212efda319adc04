/** The words of OpenAPI 3.1, as far as they are used here. Types only. */
import type { Schema } from './schema.js';
import type { SchemaName } from './schemas.js';

/** The document, as far as it is used here. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: {
    readonly title: string;
    readonly version: string;
    readonly summary: string;
    readonly description: string;
    readonly license: { readonly name: string; readonly identifier: string };
  };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<SchemaName, Schema>>;
    readonly responses: Readonly<Record<ErrorResponse, Response>>;
    readonly securitySchemes: {
      readonly session: {
        readonly type: 'apiKey';
        readonly in: 'cookie';
        readonly name: string;
        readonly description: string;
      };
      readonly machineToken: {
        readonly type: 'http';
        readonly scheme: 'bearer';
        readonly description: string;
      };
    };
  };
}

/** One path; every `GET` of ours also answers `HEAD`. */
export interface PathItem {
  readonly get?: Operation;
  readonly post?: Operation;
}

/** What can be asked of a path. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: boolean;
  readonly description: string;
  readonly allowEmptyValue?: boolean;
  readonly schema: Schema;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<
    Record<string, { readonly description: string; readonly schema: Schema; readonly required?: boolean }>
  >;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface MediaType {
  readonly schema: Schema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

export interface Reference {
  readonly $ref: string;
}

/** Answers that many paths have in common. */
export type ErrorResponse =
  | 'BadRequest'
  | 'AuthenticationRequired'
  | 'AdminRequired'
  | 'CrossSite'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'UnsupportedMediaType'
  | 'Misdirected'
  | 'TooManyRequests'
  | 'InternalError'
  | 'Unavailable';
