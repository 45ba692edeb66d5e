/** Certificates for a test's broker, made with openssl. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export class Authority {
  readonly file: string;

  constructor(private readonly dir: string) {
    this.file = join(dir, 'ca.pem');
    this.openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=ca',
    );
  }

  /** Key and certificate of 127.0.0.1 in one PEM file; expired when the days are negative. */
  issue(file: string, days: number): void {
    writeFileSync(join(this.dir, 'extensions'), 'subjectAltName=IP:127.0.0.1\n');
    this.openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'key', '-out', 'csr', '-subj', '/CN=127.0.0.1');
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-extfile', 'extensions'];
    this.openssl('x509', '-req', '-in', 'csr', ...signing, '-days', String(days), '-out', 'certificate');
    const parts = ['key', 'certificate', 'ca.pem'].map((name) => readFileSync(join(this.dir, name), 'utf8'));
    writeFileSync(file, parts.join(''));
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.dir, stdio: 'pipe' });
  }
}
