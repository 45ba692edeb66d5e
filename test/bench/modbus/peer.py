"""The same in Python: pymodbus (asyncio) into aiokafka. Arguments: port, devices, points, topic."""

import asyncio
import json
import os
import signal
import struct
import sys
import time

from aiokafka import AIOKafkaProducer
from pymodbus.client import AsyncModbusTcpClient

PORT, DEVICES, POINTS = (int(a) for a in sys.argv[1:4])
TOPIC = sys.argv[4]
FLOATS = 10
REGISTERS = 40


def decoded(registers):
    raw = struct.pack(f">{REGISTERS}H", *registers)
    floats = struct.unpack(f">{FLOATS}f", raw[: 4 * FLOATS])
    integers = struct.unpack(f">{POINTS - FLOATS}h", raw[4 * FLOATS :])
    return [*floats, *(i / 10 for i in integers)]


async def poll(device, producer):
    client = AsyncModbusTcpClient("127.0.0.1", port=PORT, timeout=1, retries=0)
    await client.connect()
    await asyncio.sleep(device / DEVICES)
    due = time.monotonic()
    key = f"machine-{device}"
    while True:
        try:
            answer = await client.read_holding_registers(0, count=REGISTERS, device_id=device % 247 + 1)
            if not answer.isError():
                value = {"device": key, "ts": int(time.time() * 1000), "values": decoded(answer.registers)}
                await producer.send(TOPIC, json.dumps(value).encode(), key=key.encode())
        except Exception as error:  # a scan is lost, the next one comes
            print(key, error, file=sys.stderr)
        due += 1
        await asyncio.sleep(max(0, due - time.monotonic()))


async def main():
    producer = AIOKafkaProducer(
        bootstrap_servers=os.environ["KAFKA_BROKERS"], compression_type="gzip", linger_ms=250
    )
    await producer.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tasks = [asyncio.create_task(poll(i, producer)) for i in range(DEVICES)]
    await stop.wait()
    for task in tasks:
        task.cancel()
    await producer.stop()


asyncio.run(main())
