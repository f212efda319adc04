// Nest in TypeScript: the pool is injected, and the module starts, drains and closes the health with the application.
import 'reflect-metadata';
import { Controller, Get, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { createHealth } from 'portal-health';
import { createHealthModule } from 'portal-health/nest';

const POOL = Symbol('pool');

@Module({
  providers: [
    { provide: POOL, useFactory: () => new pg.Pool({ connectionString: process.env['DATABASE_URL'] }) },
  ],
  exports: [POOL],
})
class StoresModule implements OnApplicationShutdown {
  @Inject(POOL) readonly pool!: pg.Pool;

  async onApplicationShutdown(): Promise<void> {
    await this.pool.end();
  }
}

@Controller()
class AppController {
  @Get()
  hello(): object {
    return { hello: 'nest' };
  }
}

@Module({
  imports: [
    createHealthModule({
      imports: [StoresModule],
      inject: [POOL],
      useFactory: (pool: pg.Pool) => createHealth({ database: { pool } }),
    }),
  ],
  controllers: [AppController],
})
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ['warn', 'error'] });
app.enableShutdownHooks();
await app.listen(Number(process.env['PORT'] ?? 8080), '127.0.0.1');
console.log(`Health on ${await app.getUrl()}/health`);
