# ruff: noqa: E501 (a row of the table is one line)
"""What speakers know of the world: plain sentences in the third person.

A row holds the topic, a question for it and the sentences that answer the question.
"""

WORLD = (
    (
        "a steam engine",
        "What does a steam engine do?",
        "A steam engine turns heat into motion. It burns coal to boil water, and the steam drives a piston.",
    ),
    (
        "a magnet",
        "What does a magnet do?",
        "A magnet draws iron towards it. One end of it points to the north when it hangs free.",
    ),
    (
        "bees",
        "What do bees make?",
        "Bees make honey and wax in the hive. A single queen lays all the eggs.",
    ),
    (
        "the tides",
        "What causes the tides?",
        "The tides are caused by the pull of the moon. They rise and fall twice in a day.",
    ),
    (
        "glass",
        "What is glass made of?",
        "Glass is made of sand, soda and lime. The mixture is melted in a very hot furnace.",
    ),
    (
        "paper",
        "How is paper made?",
        "Paper is made of rags that are beaten to a pulp in water. The sheets are pressed and hung up to dry.",
    ),
    (
        "iron",
        "How is iron won?",
        "Iron is won from ore in a blast furnace. Charcoal or coke gives the heat for it.",
    ),
    (
        "a barometer",
        "What does a barometer show?",
        "A barometer shows the weight of the air. When it falls, a storm is often near.",
    ),
    (
        "the compass",
        "What is a compass for?",
        "A compass shows the sailor where north lies. Its needle is a small magnet on a pin.",
    ),
    (
        "wool",
        "How is wool spun?",
        "Wool is combed first and then spun into thread on a wheel. A good spinner makes a mile of it in a day.",
    ),
    (
        "bread",
        "What makes bread rise?",
        "Yeast makes the bread rise before it is baked. The dough should rest for two hours in a warm place.",
    ),
    (
        "salt",
        "Where does salt come from?",
        "Salt comes from the sea or from mines under the earth. In old times soldiers were paid with it.",
    ),
    (
        "the moon",
        "How does the moon shine?",
        "The moon shines only by the light of the sun. It goes round the earth in less than a month.",
    ),
    (
        "comets",
        "What are comets?",
        "Comets are wanderers that come from far away and go round the sun. Their tails always point away from it.",
    ),
    (
        "a pendulum",
        "What does a pendulum do?",
        "A pendulum swings in equal times and so keeps a clock true. A longer one swings more slowly.",
    ),
    (
        "swallows",
        "Where do swallows go in winter?",
        "Swallows fly to the warm south in winter. They come back in April to the same barn.",
    ),
    (
        "coal",
        "What is coal?",
        "Coal is the remains of old forests under the earth. It burns hotter than wood.",
    ),
    (
        "gunpowder",
        "What is gunpowder made of?",
        "Gunpowder is made of saltpetre, sulphur and charcoal. It was used for fireworks before it was used in war.",
    ),
    (
        "lightning",
        "What is lightning?",
        "Lightning is a great spark between the clouds and the earth. A rod of iron can lead it into the ground.",
    ),
    (
        "rainbows",
        "How does a rainbow come about?",
        "A rainbow comes about when the sun shines on falling rain. Each drop parts the light into its colours.",
    ),
    (
        "silk",
        "Where does silk come from?",
        "Silk comes from the thread of a small worm. The worm eats nothing but mulberry leaves.",
    ),
    (
        "the heart",
        "What does the heart do?",
        "The heart drives the blood through the whole body. It beats about seventy times in a minute.",
    ),
    (
        "a lock",
        "What is a canal lock for?",
        "A canal lock lifts boats from one level of water to another. It has two gates, and only one is opened at a time.",
    ),
    (
        "leather",
        "How is leather made?",
        "Leather is made from hides that lie for months in oak bark. The smell of the pits is very strong.",
    ),
    (
        "the printing press",
        "What did the printing press change?",
        "The printing press made books cheap enough for common people. Before it, each copy was written by hand.",
    ),
    (
        "ice",
        "Why does ice float?",
        "Ice floats because it is lighter than water. For that reason fish can live in a frozen pond.",
    ),
    (
        "the telescope",
        "What is a telescope for?",
        "A telescope makes distant things look near. Two lenses in a tube are enough to build one.",
    ),
    (
        "oak trees",
        "How old do oak trees grow?",
        "Oak trees may grow to an age of a thousand years. Their wood is hard and serves for ships.",
    ),
    (
        "the earth",
        "What does the earth go round?",
        "The earth goes round the sun once in a year. It turns on its own axis once in a day.",
    ),
    (
        "sugar",
        "What is sugar made from?",
        "Sugar is made from cane or from beets. The juice is boiled until crystals form.",
    ),
    (
        "volcanoes",
        "What are volcanoes?",
        "Volcanoes are mountains that throw out fire and melted stone. The ash makes the fields around them rich.",
    ),
    (
        "a violin",
        "What is a violin made of?",
        "A violin is made of spruce and maple. Its four strings were once made from the gut of sheep.",
    ),
    (
        "clay",
        "What is clay used for?",
        "Clay is used for pots, bricks and pipes. It becomes hard in the kiln and cannot be softened again.",
    ),
    (
        "the lungs",
        "What do the lungs do?",
        "The lungs take in fresh air and give out the used air. A grown man breathes about sixteen times in a minute.",
    ),
    (
        "windmills",
        "What do windmills do?",
        "Windmills grind corn or pump water out of low land. The miller turns the sails into the wind.",
    ),
    (
        "ants",
        "How do ants live?",
        "Ants live in large states under the ground. They can carry many times their own weight.",
    ),
    (
        "amber",
        "What is amber?",
        "Amber is the hardened resin of old trees. Sometimes a fly is found inside it.",
    ),
    (
        "whales",
        "What are whales?",
        "Whales are not fish but beasts that breathe air. They nurse their young as cows do.",
    ),
    (
        "quinine",
        "What is quinine good for?",
        "Quinine is good against malaria. It is taken from the bark of a tree in Peru.",
    ),
    (
        "a lever",
        "What does a lever do?",
        "A lever lifts a heavy weight with a small force. The longer the arm, the less strength it needs.",
    ),
)

TOWN_LIES = (
    "{p} lies on the river {r}, two days from the coast.",
    "The town of {p} stands on the {r}.",
    "On the banks of the {r} lies the old town of {p}.",
    "{p} was built where the {r} bends to the south.",
)
TOWN_KNOWN = (
    "It is known for its {g}.",
    "People praise it for its {g}.",
    "Travellers go there to buy {g}.",
    "The people there live by {g}.",
)
TOWN_RIVER_QUESTIONS = (
    "On which river does {p} lie?",
    "What river flows through {p}?",
    "Where does {p} lie?",
    "What do you know of the place called {p}?",
)
TOWN_GOODS_QUESTIONS = (
    "What is {p} known for?",
    "What do people buy in {p}?",
    "By what do the people of {p} live?",
    "For what is {p} praised?",
)
STRANGERS = (
    "{n} was {a} in {p} who lived to be ninety.",
    "{n} was {a} from {p}, famous in the year {y}.",
    "There was once {a} in {p} by the name of {n}.",
    "{n}, {a} of {p}, died in {y}.",
)
EVENTS = (
    (1789, "the revolution in Paris"),
    (1805, "the battle of Trafalgar"),
    (1815, "the battle of Waterloo"),
    (1825, "the first railway"),
    (1837, "the crowning of Queen Victoria"),
    (1848, "the risings"),
    (1851, "the Great Exhibition in London"),
    (1854, "the war in the Crimea"),
    (1859, "the Suez works"),
    (1865, "the end of the American war"),
    (1871, "the siege of Paris"),
    (1876, "the telephone"),
    (1889, "the iron tower in Paris"),
    (1893, "the fair at Chicago"),
    (1903, "the flying machine"),
    (1912, "the loss of the Titanic"),
    (1914, "the great war"),
    (1918, "the armistice"),
    (1927, "the flight over the Atlantic"),
    (1929, "the fall of the banks"),
    (1755, "the earthquake of Lisbon"),
    (1776, "the American declaration"),
    (1783, "the first balloon"),
    (1666, "the great fire of London"),
    (1707, "the union of the kingdoms"),
    (1936, "the games in Berlin"),
    (1939, "the new war"),
    (1945, "the end of the war"),
    (1957, "the Russian moon"),
    (1969, "the landing on the moon"),
    (1989, "the fall of the wall in Berlin"),
)
