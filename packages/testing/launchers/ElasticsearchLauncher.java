import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.Plugin;

/**
 * Runs one Elasticsearch node in this JVM: {@code java -cp 'lib/*' ElasticsearchLauncher.java key=value ...}, each a setting
 * of the node. The system property {@code plugins} names plugin classes, separated by commas.
 *
 * It ends when its standard input does, so that it never outlives the process that started it.
 */
public class ElasticsearchLauncher {
    static class EmbeddedNode extends Node {
        EmbeddedNode(Environment environment, Collection<Class<? extends Plugin>> plugins) {
            super(environment, plugins, true);
        }
    }

    public static void main(String[] arguments) throws Exception {
        Thread lifeline = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {}
            } catch (java.io.IOException gone) {
                // the same as its end
            }
            Runtime.getRuntime().halt(0);
        });
        lifeline.setDaemon(true);
        lifeline.start();

        LogConfigurator.registerErrorListener();
        Settings.Builder settings = Settings.builder();
        for (String argument : arguments) {
            String[] parts = argument.split("=", 2);
            settings.put(parts[0], parts[1]);
        }
        List<Class<? extends Plugin>> plugins = new ArrayList<>();
        for (String name : System.getProperty("plugins").split(",")) {
            plugins.add(Class.forName(name).asSubclass(Plugin.class));
        }

        Node node = new EmbeddedNode(
            InternalSettingsPreparer.prepareEnvironment(settings.build(), Map.of(), null, () -> "node"),
            plugins
        );
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                node.close();
            } catch (java.io.IOException failure) {
                failure.printStackTrace();
            }
        }));
        node.start();
        Thread.currentThread().join();
    }
}
