/** The API as a whole, and the operator's page beside it, as one plugin of Fastify. */
import type { FastifyPluginAsync } from 'fastify';
import { addRoutes } from './add-routes.js';
import { makeDocuments } from './docs/documents.js';
import { ENDPOINTS } from './endpoints.js';
import { readPageRoutes } from './operator-page.js';
import type { ApiServices } from './services.js';

export interface ApiOptions {
  readonly services: Omit<ApiServices, 'documents'>;
}

export const api: FastifyPluginAsync<ApiOptions> = async (app, { services }) => {
  const [documents, page] = await Promise.all([
    makeDocuments(ENDPOINTS, app.site),
    readPageRoutes(app.site.basePath),
  ]);
  addRoutes(app, [...ENDPOINTS, ...page], { ...services, documents });
};
