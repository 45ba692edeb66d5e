"""A serial cable of pseudo terminals. Arguments: one or two paths, made as links to the ends of the cable.

With one path the other end of the cable is standard input and output. Ends, and the ports with it, when standard input
does.
"""

import os
import select
import sys
import tty


def end(link):
    """Makes a port and its link; its slave stays open here, so that the master lives while nobody uses the port."""
    master, slave = os.openpty()
    tty.setraw(slave)
    os.symlink(os.ttyname(slave), link + ".new")
    os.rename(link + ".new", link)
    return master, slave


def main(links):
    ends = [end(link) for link in links]
    masters = [master for master, _ in ends]
    two = len(masters) == 2
    # Where bytes that come in at one place go out.
    routes = {masters[0]: masters[1], masters[1]: masters[0]} if two else {masters[0]: 1, 0: masters[0]}
    sources = list(routes) + ([0] if two else [])
    try:
        while True:
            ready, _, _ = select.select(sources, [], [])
            for source in ready:
                data = os.read(source, 4096)
                if not data:
                    return
                if source in routes:
                    os.write(routes[source], data)
    finally:
        for link in links:
            os.unlink(link)


main(sys.argv[1:])
