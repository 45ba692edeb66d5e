/** Stand-ins for mvn and python3: shell scripts in a folder that is all of PATH. Each logs its calls. */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Context } from '../../../deploy/local/install/install-component';
import { type LockedArtifact, type LockedComponent } from '../../../deploy/local/install/lock-file';
import { type InstallEvent } from '../../../deploy/local/install/report';

export const sha256 = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');

export class FakeTools {
  readonly dir = mkdtempSync(join(tmpdir(), 'millrace-install-'));
  readonly base = join(this.dir, 'components');
  /** What the registries serve, by file name. */
  readonly served = join(this.dir, 'served');
  readonly env: NodeJS.ProcessEnv = { PATH: join(this.dir, 'bin') };
  readonly events: InstallEvent[] = [];

  constructor() {
    mkdirSync(this.served);
    mkdirSync(join(this.dir, 'bin'));
  }

  /** Puts a program on PATH that runs the shell script. */
  program(name: string, script: string): this {
    const file = join(this.dir, 'bin', name);
    writeFileSync(file, `#!/bin/sh\nPATH=/usr/bin:/bin\necho "$*" >>"${this.logOf(name)}"\n${script}\n`);
    chmodSync(file, 0o755);
    return this;
  }

  /** Copies what the pom names from what is served, slowly enough for two to meet. */
  maven(): this {
    const script = `
      out=$(sed -n 's:.*<outputDirectory>\\(.*\\)</outputDirectory>.*:\\1:p' pom.xml); mkdir -p "$out"; sleep 0.3
      sed -n 's:.*<destFileName>\\(.*\\)</destFileName>.*:\\1:p' pom.xml | while read -r f; do
        cp "${this.served}/$f" "$out/" || { echo "[ERROR] no $f"; exit 1; }
      done`;
    return this.program('mvn', script);
  }

  serve(file: string, content: string): LockedArtifact {
    writeFileSync(join(this.served, file), content);
    return { file, coordinates: `org.example:${file}:1`, sha256: sha256(content), bytes: content.length };
  }

  calls(program: string): string[] {
    const log = this.logOf(program);
    return existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  }

  context(component: Partial<LockedComponent> & Pick<LockedComponent, 'artifacts'>): Context {
    const resolver: LockedComponent = { title: 'jgo', version: '1', source: 'pypi', unpack: false, artifacts: [] };
    return {
      name: 'kafka',
      component: { title: 'Example', version: '1.0', source: 'maven', unpack: false, ...component },
      base: this.base,
      verify: false,
      report: (event) => this.events.push(event),
      index: 1,
      total: 1,
      env: this.env,
      mavenResolver: { component: resolver, script: 'fetch_maven.py' },
    };
  }

  private logOf(program: string): string {
    return join(this.dir, `${program}.log`);
  }
}
