"""Where the demo's sites lie: the coalfields of the Huaibei-Huainan-Xuzhou basin and its neighbours.

Centres are rough positions of mining areas that everyone in the region knows; the sites placed around them
are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Coalfield:
    """One cluster of sites.

    `lon` and `lat` (degrees) are its centre, `spread_km` the standard deviation of the sites around it and
    `weight` its share of the sites. `prefecture` is the adcode of the unit that must hold the centres of its
    sites. `towns` name them, Chinese and English. `hilly` fields have limestone quarries.
    """

    prefecture: str
    lon: float
    lat: float
    spread_km: float
    weight: float
    towns: tuple[tuple[str, str], ...]
    hilly: bool = False


COALFIELDS: Final = (
    Coalfield(
        "340600",
        116.83,
        33.99,
        4.0,
        8,
        (("朔里镇", "Shuoli"), ("石台镇", "Shitai"), ("矿山集", "Kuangshanji")),
        True,
    ),
    Coalfield(
        "340600",
        116.84,
        33.87,
        3.5,
        7,
        (("烈山镇", "Lieshan"), ("宋疃镇", "Songtuan"), ("古饶镇", "Gurao")),
        True,
    ),
    Coalfield(
        "340600", 116.70, 33.80, 4.0, 7, (("百善镇", "Baishan"), ("刘桥镇", "Liuqiao"), ("铁佛镇", "Tiefo"))
    ),
    Coalfield(
        "340600", 116.62, 33.65, 4.5, 7, (("临涣镇", "Linhuan"), ("韩村镇", "Hancun"), ("五沟镇", "Wugou"))
    ),
    Coalfield(
        "340600", 116.78, 33.56, 3.5, 5, (("孙疃镇", "Suntuan"), ("南坪镇", "Nanping"), ("任集", "Renji"))
    ),
    Coalfield("340400", 116.83, 32.79, 4.5, 8, (("潘集镇", "Panji"), ("芦集镇", "Luji"), ("泥河镇", "Nihe"))),
    Coalfield(
        "340400",
        116.58,
        32.81,
        4.5,
        8,
        (("顾桥镇", "Guqiao"), ("岳张集镇", "Yuezhangji"), ("丁集镇", "Dingji")),
    ),
    Coalfield(
        "340400",
        116.84,
        32.59,
        3.0,
        6,
        (("唐山镇", "Tangshan"), ("李郢孜镇", "Liyingzi"), ("望峰岗镇", "Wangfenggang")),
        True,
    ),
    Coalfield(
        "340400",
        117.06,
        32.63,
        3.0,
        5,
        (("九龙岗镇", "Jiulonggang"), ("上窑镇", "Shangyao"), ("洛河镇", "Luohe")),
        True,
    ),
    Coalfield(
        "320300",
        117.46,
        34.42,
        4.5,
        9,
        (("青山泉镇", "Qingshanquan"), ("大吴镇", "Dawu"), ("紫庄镇", "Zizhuang")),
        True,
    ),
    Coalfield(
        "320300",
        117.07,
        34.32,
        4.0,
        7,
        (("庞庄", "Pangzhuang"), ("拾屯", "Shitun"), ("柳新镇", "Liuxin")),
        True,
    ),
    Coalfield(
        "320300", 116.84, 34.86, 4.0, 7, (("龙固镇", "Longgu"), ("杨屯镇", "Yangtun"), ("大屯镇", "Datun"))
    ),
    Coalfield("341300", 117.09, 33.60, 3.5, 4, (("芦岭镇", "Luling"), ("朱仙庄镇", "Zhuxianzhuang"))),
    Coalfield("341300", 116.90, 34.16, 3.0, 2, (("白土镇", "Baitu"), ("龙城镇", "Longcheng")), True),
    Coalfield("341600", 116.27, 33.53, 3.0, 2, (("涡北街道", "Guobei"), ("曹市镇", "Caoshi"))),
    Coalfield("341600", 116.66, 33.40, 3.0, 2, (("许疃镇", "Xutuan"), ("板桥集镇", "Banqiaoji"))),
    Coalfield("411400", 116.39, 33.97, 3.5, 3, (("陈四楼", "Chensilou"), ("高庄镇", "Gaozhuang"))),
    Coalfield("341200", 116.36, 32.76, 2.5, 2, (("谢桥镇", "Xieqiao"), ("刘庄", "Liuzhuang"))),
    Coalfield("371700", 116.07, 35.36, 3.0, 3, (("龙堌镇", "Longgu"), ("章缝镇", "Zhangfeng"))),
    Coalfield("370800", 116.88, 35.43, 3.5, 3, (("兴隆庄", "Xinglongzhuang"), ("北宿镇", "Beisu"))),
)
"""The clusters, each with its share of the sites."""

PREFECTURES: Final = frozenset(field.prefecture for field in COALFIELDS)
"""The adcodes of the prefectures that hold sites."""
