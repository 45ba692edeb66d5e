"""A Modbus server by others (pymodbus), for the interoperability test. Arguments: port of TCP or path of a serial port, framer
(socket or rtu).

Values are encoded by pymodbus, not by us. Prints "listening" once it does; ends with its standard input.
"""

import asyncio
import sys

from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

Types = ModbusClientMixin.DATATYPE
convert = ModbusClientMixin.convert_to_registers


def registers():
    """The same values in both tables of registers; 1000 and up are free to write."""
    return [
        SimData(0, values=-2, datatype=DataType.INT16),
        SimData(1, values=65534, datatype=DataType.UINT16),
        SimData(2, values=-123456789, datatype=DataType.INT32),
        SimData(4, values=4123456789, datatype=DataType.UINT32),
        SimData(6, values=-(2**62), datatype=DataType.INT64),
        SimData(10, values=2**63 + 5, datatype=DataType.UINT64),
        SimData(14, values=21.5, datatype=DataType.FLOAT32),
        SimData(16, values=0.1, datatype=DataType.FLOAT64),
        SimData(20, values="MILLRACE", datatype=DataType.STRING),
        SimData(24, values=0x80A1, datatype=DataType.REGISTERS),
        SimData(25, values=convert(21.5, Types.FLOAT32, word_order="little"), datatype=DataType.REGISTERS),
        SimData(27, values=convert(2**40 + 3, Types.UINT64, word_order="little"), datatype=DataType.REGISTERS),
        SimData(1000, values=0, count=200, datatype=DataType.REGISTERS),
    ]


def bits():
    """On where the address is a multiple of three; 100 and up are free to write."""
    return [
        SimData(0, values=[i % 3 == 0 for i in range(48)], datatype=DataType.BITS),
        SimData(96, values=[False] * 32, datatype=DataType.BITS),
    ]


async def main(port: str, framer: str):
    """Serves units 1 and 2 until standard input ends."""
    devices = [SimDevice(unit, simdata=(bits(), bits(), registers(), registers())) for unit in (1, 2)]
    if port.isdigit():
        server = ModbusTcpServer(devices, framer=FramerType(framer), address=("127.0.0.1", int(port)))
    else:
        # Pseudo terminals know no parity, and pyserial takes that for an error.
        server = ModbusSerialServer(devices, framer=FramerType(framer), port=port, baudrate=115200, parity="N")
    await server.serve_forever(background=True)
    print("listening", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.shutdown()


asyncio.run(main(sys.argv[1], sys.argv[2]))
