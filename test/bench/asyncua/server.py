"""An OPC UA server by others (asyncua) for the trial of our client. Arguments: port, number of counters.

Prints "listening" once it is there; ends with its standard input, without a word to its clients.
"""

import asyncio
import os
import sys

from asyncua import Server, ua, uamethod

NAMESPACE = "urn:millrace:asyncua"
TICK_S = 0.1


@uamethod
def multiply(parent, factor, by):
    """Two outputs of two types."""
    return factor * by, f"{factor} x {by}"


async def build(server, count):
    """Counters that move, a setpoint that is written, a method, and events."""
    index = await server.register_namespace(NAMESPACE)
    plant = await server.nodes.objects.add_object(ua.NodeId("Plant", index), "Plant")
    counters = [await plant.add_variable(ua.NodeId(f"Counter{i}", index), f"Counter{i}", 0, ua.VariantType.Int64) for i in range(count)]
    setpoint = await plant.add_variable(ua.NodeId("Setpoint", index), "Setpoint", 65.0, ua.VariantType.Double)
    await setpoint.set_writable()
    arguments = [ua.Argument(Name=name, DataType=ua.NodeId(ua.ObjectIds.Double), ValueRank=-1) for name in ("factor", "by")]
    outputs = [
        ua.Argument(Name="product", DataType=ua.NodeId(ua.ObjectIds.Double), ValueRank=-1),
        ua.Argument(Name="text", DataType=ua.NodeId(ua.ObjectIds.String), ValueRank=-1),
    ]
    await plant.add_method(ua.NodeId("Multiply", index), "Multiply", multiply, arguments, outputs)
    return counters, await server.get_event_generator()


async def main(port, count):
    """Serves until standard input ends."""
    server = Server()
    await server.init()
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    counters, events = await build(server, count)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    async with server:
        print("listening", flush=True)
        tick = 0
        while not ended.done():
            tick += 1
            for counter in counters:
                await counter.write_value(tick, ua.VariantType.Int64)
            if tick % 10 == 0:
                events.event.Severity = 700
                await events.trigger(message=f"tick {tick}")
            await asyncio.sleep(TICK_S)
        # Without a word to its clients, as when its power fails.
        os._exit(0)


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
