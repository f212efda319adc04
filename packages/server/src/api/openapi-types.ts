/** OpenAPI 3.1, as far as the API uses it. */
import type { JsonSchema } from './schema.js';

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
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly responses: Readonly<Record<string, ResponseObject>>;
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

/** Every `GET` of ours also answers `HEAD`. */
export interface PathItem {
  readonly get?: Operation;
  readonly post?: Operation;
}

export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, ResponseObject | Reference>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly required?: boolean;
  readonly description: string;
  readonly allowEmptyValue?: boolean;
  readonly schema: JsonSchema;
}

export interface ResponseObject {
  readonly description: string;
  readonly headers?: ResponseHeaders;
  readonly content?: Content;
}

export type ResponseHeaders = Readonly<
  Record<string, { readonly description: string; readonly schema: JsonSchema; readonly required?: boolean }>
>;

export type Content = Readonly<Record<string, MediaType>>;

export interface MediaType {
  readonly schema: JsonSchema;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly summary: string; readonly value: unknown }>>;
}

export interface Reference {
  readonly $ref: string;
}
