/**
 * Gauges of the cluster, asked of the ledger when they are scraped: the same whichever member is asked. Series
 * are those of shared runs and of members that live, or died lately, so that there is no end to neither.
 */
import { Gauge, type Registry } from 'prom-client';
import type { ClusterView, RunMembers, SeenMember } from '../core/cluster-view.js';

type Labels = Readonly<Record<string, string>>;

/** @param view null: the ledger cannot say now, and neither can the gauges */
export function addClusterMetrics(
  registry: Registry,
  view: () => Promise<ClusterView | null>,
): void {
  const gauge = (
    name: string,
    help: string,
    label: string,
    values: (run: RunMembers) => readonly (readonly [string, number])[],
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ['source', 'stream', label],
      registers: [registry],
      async collect() {
        const runs = (await view())?.runs ?? [];
        this.reset();
        // A process may be two members: of runs over two origins, or dead and back.
        for (const run of runs) {
          const { source, stream } = run;
          for (const [of, value] of values(run)) {
            const labels: Labels = { source, stream, [label]: of };
            this.inc(labels, value);
          }
        }
      },
    });
  };
  gauge('datasync_members', 'Members of the shared runs; dead: lately.', 'state', ({ members }) => {
    const dead = members.filter(({ isDead }) => isDead).length;
    return [
      ['living', members.length - dead],
      ['dead', dead],
    ];
  });
  gauge('datasync_member_segments', 'Open segments that a member holds.', 'member', (run) =>
    ofMembers(run, ({ segments }) => segments),
  );
  gauge('datasync_member_rows_per_second', 'Rows of a member just now.', 'member', (run) =>
    ofMembers(run, ({ isDead, figures }) => (isDead ? 0 : Math.round(figures.rowsPerSecond))),
  );
}

function ofMembers(
  { members }: RunMembers,
  value: (member: SeenMember) => number,
): readonly (readonly [string, number])[] {
  return members.map((member) => [member.name, value(member)] as const);
}
